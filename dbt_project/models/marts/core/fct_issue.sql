-- Grain: one row an issue created before as_of and not deleted, in its state of as_of. What is measured (lead
-- time, cycle time, on time) is null where an issue does not count: delivery metrics count standard issues only,
-- and a resolution that means no delivery is none. What is taken from the history is null where it is not whole.
{{ select_contract(ref('int_delivery__issues'), {'epic_id': '(no epic)'}) }}
