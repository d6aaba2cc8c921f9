-- Grain: one row a response to a survey that the registry declares, given before as_of, whichever tool it came from.
-- Answers to a team pulse name no person, no account and no moment, and of small teams not the team.
{{ select_contract(ref('int_surveys__responses')) }}
