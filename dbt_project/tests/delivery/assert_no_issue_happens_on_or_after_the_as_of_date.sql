-- A build for a date counts what happened before it, however much was extracted since.
select issue_id
from {{ ref('fct_issue') }}
where
    created_date >= {{ as_of_date() }}
    or resolved_date >= {{ as_of_date() }}
    or done_date >= {{ as_of_date() }}
