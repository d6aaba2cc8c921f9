-- Grain: one row something that was learned, written down before as_of, those that are gone included and marked. Who wrote it, and its
-- text, stay behind.
with learnings as (
    {{ stage_as_of(raw('growthbook', 'learnings'), [
        ('title', 'title', 'text'),
        ('status', 'status_original', 'text'),
        ('source', 'written_by', 'text'),
        ('supportingExperimentIds', 'supporting_experiments', 'json'),
        ('contradictingExperimentIds', 'contradicting_experiments', 'json'),
        ('dateCreated', 'created_at', 'timestamp'),
        ('dateUpdated', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as learning_id,
    title,
    status_original,
    written_by,
    coalesce(supporting_experiments, '[]') as supporting_experiments,
    coalesce(contradicting_experiments, '[]') as contradicting_experiments,
    is_deleted,
    created_at,
    updated_at
from learnings
where coalesce(created_at < {{ as_of_at() }}, true)
