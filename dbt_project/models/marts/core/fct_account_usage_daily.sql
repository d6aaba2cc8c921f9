-- Grain: one row an account named by events, feature and day (reporting zone) with active use, before the as-of date.
-- Excluded persons are out. A person who works in two accounts on a day counts in each; `(unknown)`: none was named.
{{ select_contract(ref('int_usage__account_days')) }}
