"""Everything that knows Label Studio: configs, regions, the client, the embedded server."""
