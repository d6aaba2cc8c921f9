-- What was completed of a commitment is part of it.
select
    sprint_id,
    committed_count,
    completed_of_committed_count
from {{ ref('fct_sprint') }}
where completed_of_committed_count > committed_count or completed_of_added_count > added_count
