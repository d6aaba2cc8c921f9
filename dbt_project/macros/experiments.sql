{# The events by which tools say who was shown what: type, property that names the experiment or flag, property that names the
   variant. Of Amplitude, GrowthBook, Mixpanel and PostHog, as their SDKs send them. #}
{% macro exposure_events() -%}
    {{ return([
        ('$exposure', 'flag_key', 'variant'),
        ('[Experiment] Exposure', 'flag_key', 'variant'),
        ('experiment_viewed', 'experiment_id', 'variation_id'),
        ('Experiment Viewed', 'experiment_id', 'variation_id'),
        ('$experiment_started', 'Experiment name', 'Variant name'),
        ('$feature_flag_called', '$feature_flag', '$feature_flag_response'),
    ]) }}
{%- endmacro %}
