{#- The target of an SLA as Fivetran's field history writes it. -#}
{%- macro sla_target() -%}
    {{ dbt.concat([
        "'{\"minutes\": '", "coalesce(cast(target as " ~ zendesk_on_airbyte.type_text() ~ "), 'null')",
        "', \"in_business_hours\": '", "case when in_business_hours then 'true' else 'false' end", "'}'"]) }}
{%- endmacro -%}

{#- How long the hours of a row were open until a time on their day that is not before their opening. -#}
{%- macro seconds_open_until(hours, time) -%}
    {{ seconds_between(hours ~ '.opens_at', 'least(' ~ time ~ ', ' ~ hours ~ '.closes_at)') }}
{%- endmacro -%}
