-- Grain: one row a tool's experiment, a metric and a variant beside the control: what the tool itself published of it last.
{{ select_contract(ref('int_learning__experiment_results')) }}
