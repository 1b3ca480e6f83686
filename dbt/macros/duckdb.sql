{#- dbt_zendesk has no word for DuckDB where it adds to a time. A project names this package in the search order of
    fivetran_utils, and finds this one: README.md. -#}
{%- macro duckdb__timestamp_add(datepart, interval, from_timestamp) -%}
    {{ from_timestamp }} + (({{ interval }}) * interval '1 {{ datepart }}')
{%- endmacro -%}
