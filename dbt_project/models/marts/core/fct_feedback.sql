-- Grain: one row an item of feedback given by as_of. What was said stays behind.
{{ select_contract(ref('int_feedback__items')) }}
where created_at < {{ as_of_at() }}
