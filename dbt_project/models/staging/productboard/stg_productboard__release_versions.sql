-- Grain: one row a version of a release that was ever read. Descriptions and owners' addresses end here.
{{ productboard_entity_versions('releases') }}
