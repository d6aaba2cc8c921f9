-- Grain: one row a check of the roadmap and the feedback: how many of how many are as its name says.
with items as (
    select
        count(*) as item_count,
        sum(case when feature_id <> '(unmapped)' then 1 else 0 end) as feature_count,
        sum(case when product_id <> '(unmapped)' then 1 else 0 end) as product_count,
        sum(case when status_original is not null then 1 else 0 end) as status_count,
        sum(case when stage is not null then 1 else 0 end) as stage_count
    from {{ ref('int_roadmap__items') }}
    where
        item_type = 'feature'
        and not is_deleted
),

links as (
    select
        count(*) as link_count,
        sum(case when issue_id is null then 1 else 0 end) as unknown_count
    from {{ ref('int_roadmap__issue_links') }}
    where valid_to >= {{ as_of_at() }}
),

feedback as (
    select
        source,
        count(*) as feedback_count,
        sum(case when account_id <> '(unknown)' then 1 else 0 end) as account_count,
        sum(case when feature_id <> '(unmapped)' then 1 else 0 end) as feature_count,
        sum(case when kind <> '(unknown)' then 1 else 0 end) as kind_count
    from {{ ref('int_feedback__items') }}
    group by source
)

select
    'roadmap items' as subject,
    'productboard' as source,
    'roadmap_items_with_feature' as check_name,
    cast(coalesce(feature_count, 0) as bigint) as counted,
    cast(item_count as bigint) as total,
    {{ text_literal("Items at the level of features that some feature of the registry lists, by their own name or a parent's.") }}
        as explanation
from items
union all
select
    'roadmap items' as subject,
    'productboard' as source,
    'roadmap_items_with_product' as check_name,
    cast(coalesce(product_count, 0) as bigint) as counted,
    cast(item_count as bigint) as total,
    'Items at the level of features under a product of the registry.' as explanation
from items
union all
select
    'roadmap items' as subject,
    'productboard' as source,
    'roadmap_statuses_mapped_to_stage' as check_name,
    cast(coalesce(stage_count, 0) as bigint) as counted,
    cast(coalesce(status_count, 0) as bigint) as total,
    'Items at the level of features whose status the registry maps to a stage; the others agree with nothing.'
        as explanation
from items
union all
select
    'roadmap links' as subject,
    'productboard' as source,
    'roadmap_links_to_unknown_issues' as check_name,
    cast(coalesce(unknown_count, 0) as bigint) as counted,
    cast(link_count as bigint) as total,
    'Links to issues that the tracker does not show: their items do not count as linked by them.' as explanation
from links
union all
select
    'feedback' as subject,
    source,
    'feedback_with_account' as check_name,
    cast(account_count as bigint) as counted,
    cast(feedback_count as bigint) as total,
    'Items of feedback whose customer is an account of the CRM.' as explanation
from feedback
union all
select
    'feedback' as subject,
    source,
    'feedback_with_feature' as check_name,
    cast(feature_count as bigint) as counted,
    cast(feedback_count as bigint) as total,
    'Items of feedback about a feature of the registry.' as explanation
from feedback
union all
select
    'feedback' as subject,
    source,
    'feedback_with_kind' as check_name,
    cast(kind_count as bigint) as counted,
    cast(feedback_count as bigint) as total,
    'Items of feedback from a channel whose kind the registry declares.' as explanation
from feedback
