-- Grain: one row a ticket created before as_of, in its state of as_of. Deleted, spam and merged tickets, and those
-- of colleagues and test accounts, stay as rows that are not counted; what is measured is null for them, for tickets
-- whose history is not whole, and for tickets that are not (yet) solved where it is about solving.
{{ select_contract(ref('int_support__tickets')) }}
