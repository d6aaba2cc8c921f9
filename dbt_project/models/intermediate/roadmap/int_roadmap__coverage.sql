-- Grain: one row a check of the roadmap and the feedback: how many of how many are as its name says.
with items as (
    select *
    from {{ ref('int_roadmap__items') }}
    where
        item_type = 'feature'
        and not is_deleted
),

links as (
    select *
    from {{ ref('int_roadmap__issue_links') }}
    where valid_to >= {{ as_of_at() }}
)

{{ coverage_rows('items', 'roadmap items', source="'productboard'", checks=[
    ('roadmap_items_with_feature', "feature_id <> '(unmapped)'", 'true',
     "Items at the level of features that some feature of the registry lists, by their own name or a parent's."),
    ('roadmap_items_with_product', "product_id <> '(unmapped)'", 'true',
     'Items at the level of features under a product of the registry.'),
    ('roadmap_statuses_mapped_to_stage', 'stage is not null', 'status_original is not null',
     'Items at the level of features whose status the registry maps to a stage; the others agree with nothing.'),
]) }}
union all
{{ coverage_rows('links', 'roadmap links', source="'productboard'", checks=[
    ('roadmap_links_to_unknown_issues', 'issue_id is null', 'true',
     'Links to issues that the tracker does not show: their items do not count as linked by them.'),
]) }}
union all
{{ coverage_rows(ref('int_feedback__items'), 'feedback', [
    ('feedback_with_account', "account_id <> '(unknown)'", 'true',
     'Items of feedback whose customer is an account of the CRM.'),
    ('feedback_with_feature', "feature_id <> '(unmapped)'", 'true',
     'Items of feedback about a feature of the registry.'),
    ('feedback_with_kind', "kind <> '(unknown)'", 'true',
     'Items of feedback from a channel whose kind the registry declares.'),
]) }}
