"""What all pages that tslab writes share: markup, look, and a policy that loads nothing."""
