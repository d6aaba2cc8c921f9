-- Grain: one row a person, feature and day (reporting zone) with active use, before the as-of date. Excluded persons,
-- bots and passive events are out. Person, account and segment restate with every build; `segment` is as of the day.
{{ select_contract(ref('int_usage__active_days')) }}
