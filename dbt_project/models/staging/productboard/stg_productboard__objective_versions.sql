-- Grain: one row a version of an objective that was ever read. Descriptions and owners' addresses end here.
{{ productboard_entity_versions('objectives') }}
