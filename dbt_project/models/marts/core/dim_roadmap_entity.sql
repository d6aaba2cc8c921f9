-- Grain: one row whatever an item of the roadmap belongs to or is planned for, deleted ones too; what items name but the tool
-- does not show; and the row (none).
{{ select_contract(ref('int_roadmap__entities')) }}
{{ special_members(['(none)'], ['roadmap_entity_id', 'entity_type', 'entity_name']) }}
