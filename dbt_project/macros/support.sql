{# The common status of a conversation: one that waits for the customer is pending, an answered one is closed. #}
{% macro status_of_conversation(state) -%}
    case {{ state }} when 'snoozed' then 'pending' else {{ state }} end
{%- endmacro %}
