"""Files that people drop in a folder or a bucket, with a mapping to conformed columns."""
