-- Grain: one row something that was learned, as a tool has it, and an experiment that it names; one row without where it names none.
{{ select_contract(ref('int_learning__learnings')) }}
