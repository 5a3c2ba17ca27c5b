"""Formats that labels come out in; domains add their own through `tslab_exporters`."""
