-- Grain: one row a roadmap item (feature, subfeature, initiative) in its state as of as_of. Deleted items are left out,
-- archived ones stay, as not active.
{{ select_contract(
    ref('int_roadmap__items'), {'parent_id': '(none)', 'initiative_id': '(none)', 'release_id': '(none)'}
) }}
where not is_deleted
