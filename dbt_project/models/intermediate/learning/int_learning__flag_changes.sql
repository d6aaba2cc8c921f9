-- Grain: one row a flag, an environment and a moment at which it changed, of any tool.
select
    'launchdarkly' as source,
    'launchdarkly:' || flag_id as flag_id,
    flag_key,
    environment,
    rollout_share,
    is_on,
    is_first_known,
    changed_at
from {{ ref('int_learning__launchdarkly_changes') }}
union all
select
    'growthbook' as source,
    'growthbook:' || flag_id as flag_id,
    flag_key,
    environment,
    rollout_share,
    is_on,
    is_first_known,
    changed_at
from {{ ref('int_learning__growthbook_changes') }}
union all
select
    'posthog' as source,
    'posthog:' || flag_id as flag_id,
    flag_key,
    environment,
    rollout_share,
    is_on,
    is_first_known,
    changed_at
from {{ ref('int_learning__posthog_changes') }}
