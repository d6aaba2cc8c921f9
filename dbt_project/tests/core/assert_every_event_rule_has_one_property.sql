-- A rule of a feature's events may ask for the value of one property; staging would not see a second one.
select feature_id, event_type
from {{ ref('stg_registry__feature_events') }}
where property_count > 1
