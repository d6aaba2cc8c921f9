-- Grain: one row a version of an initiative that was ever read. Descriptions and owners' addresses end here.
{{ productboard_entity_versions('initiatives') }}
