{# The events by which tools' libraries say that somebody clicked in rage, and the properties that say where, the surest first: the path
   of a page, its whole address, or the screen of an app. Of Amplitude, Mixpanel and PostHog, as their SDKs send them. #}
{% macro rage_click_events() -%}
    {{ return({
        '[Amplitude] Rage Click': ['[Amplitude] Page Path', '[Amplitude] Page URL', '[Amplitude] Screen Name'],
        '$mp_rage_click': ['$pathname', '$screen_name'],
        '$rageclick': ['$pathname', '$screen_name'],
    }) }}
{%- endmacro %}

{# The page of a path or whole address, as the registry names pages: without site, question, mark, case and the stroke at its end. The
   name of a screen is left as it is. #}
{% macro page_of(address) -%}
    {%- set of_site = text_capture(address, '^[^/?#]*://[^/?#]*(/[^?#]*?)/*(?:[?#].*)?$') -%}
    {%- set of_path = text_capture(address, '^([^?#]*?)/*(?:[?#].*)?$') -%}
    case
        when {{ address }} is null then null
        when {{ contains_text(address, "'://'") }} then lower(coalesce({{ of_site }}, '/'))
        else lower(coalesce({{ of_path }}, '/'))
    end
{%- endmacro %}
