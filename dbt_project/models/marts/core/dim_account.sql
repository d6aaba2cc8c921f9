-- Grain: one row an account, in its state of as_of. Merged companies stay, pointing to the account they became
-- (`merged_into_account_id`); no fact names them. Segment and plan are the current ones: usage and tickets
-- carry the segment of their own time. The row (unknown) is for what no account is known of.
{{ select_contract(ref('int_crm__accounts')) }}
{{ special_members(['(unknown)'], ['account_id', 'account_name', 'segment', 'plan'], {
    'is_test_account': 'false', 'is_churned': 'false', 'is_merged': 'false', 'is_archived': 'false',
    'is_customer': 'false', 'has_app_account': 'false', 'has_domain': 'false'
}) }}
