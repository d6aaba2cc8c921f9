-- Grain: one row something that was learned, as a tool has it, and an experiment that it names: one that speaks for it or against it.
-- What names none has one row without.
with learnings as (
    select
        learning_id,
        title,
        status_original,
        written_by,
        supporting_experiments,
        contradicting_experiments,
        created_at
    from {{ ref('stg_growthbook__learnings') }}
    where
        not is_deleted
        and title is not null
),

supporting as (
    {{ json_array_rows('learnings', ['learning_id'], 'supporting_experiments') }}
),

contradicting as (
    {{ json_array_rows('learnings', ['learning_id'], 'contradicting_experiments') }}
),

named as (
    select
        learning_id,
        {{ qualified('item', 'learning_id') }} as tool_experiment,
        max(relation) as relation
    from (
        select
            learning_id,
            item,
            'supports' as relation
        from supporting
        union all
        select
            learning_id,
            item,
            'contradicts' as relation
        from contradicting
    ) as both_kinds
    where item is not null
    group by learning_id, {{ qualified('item', 'learning_id') }}
)

select
    'growthbook:' || learnings.learning_id as learning_id,
    coalesce('growthbook:' || named.tool_experiment, '(none)') as tool_experiment_id,
    matches.experiment_id,
    learnings.title,
    learnings.status_original as status,
    learnings.written_by,
    named.relation,
    learnings.created_at as written_at
from learnings
left join named
    on learnings.learning_id = named.learning_id
left join {{ ref('int_learning__tool_matches') }} as matches
    on matches.tool_experiment_id = 'growthbook:' || named.tool_experiment
