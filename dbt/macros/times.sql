{#- Times by warehouse. A time is in UTC and has no zone; BigQuery and Databricks call that type TIMESTAMP. -#}

{%- macro type_time() -%}{{ return(adapter.dispatch('type_time', 'zendesk_on_airbyte')()) }}{%- endmacro -%}
{%- macro default__type_time() -%}{{ dbt.type_timestamp() }}{%- endmacro -%}
{%- macro postgres__type_time() -%}timestamp{%- endmacro -%}
{%- macro duckdb__type_time() -%}timestamp{%- endmacro -%}
{%- macro redshift__type_time() -%}timestamp{%- endmacro -%}
{%- macro snowflake__type_time() -%}timestamp_ntz{%- endmacro -%}

{#- A cast of a time with a zone to one without would give the session's local time: the zone is said here. -#}
{%- macro utc(column, type) -%}
    {{ return(adapter.dispatch('utc', 'zendesk_on_airbyte')(column, type)) }}
{%- endmacro -%}
{%- macro default__utc(column, type) -%}
    {%- if type.startswith('timestamp') and ('with time zone' in type or type.startswith('timestamptz')) -%}
        ({{ column }} at time zone 'UTC')
    {%- elif type.startswith('timestamp') or type.startswith('datetime') -%}
        cast({{ column }} as timestamp)
    {%- else -%}
        (cast({{ column }} as timestamp with time zone) at time zone 'UTC')
    {%- endif -%}
{%- endmacro -%}
{%- macro snowflake__utc(column, type) -%}
    {%- if type.startswith('timestamp_tz') or type.startswith('timestamp_ltz') -%}
        cast(convert_timezone('UTC', {{ column }}) as timestamp_ntz)
    {%- elif type.startswith('timestamp') -%}
        cast({{ column }} as timestamp_ntz)
    {%- else -%}
        cast(convert_timezone('UTC', to_timestamp_tz({{ column }})) as timestamp_ntz)
    {%- endif -%}
{%- endmacro -%}
{%- macro bigquery__utc(column, type) -%}
    {%- if type == 'timestamp' -%}{{ column }}
    {%- elif type == 'datetime' -%}timestamp({{ column }}, 'UTC')
    {%- else -%}timestamp({{ column }})
    {%- endif -%}
{%- endmacro -%}
{%- macro databricks__utc(column, type) -%}cast({{ column }} as timestamp){%- endmacro -%}
{%- macro spark__utc(column, type) -%}cast({{ column }} as timestamp){%- endmacro -%}

{#- A time that is written in a model or a variable. -#}
{%- macro time_literal(written) -%}
    {%- if target.type == 'bigquery' -%}timestamp('{{ written }}', 'UTC')
    {%- else -%}cast('{{ written }}' as {{ zendesk_on_airbyte.type_time() }})
    {%- endif -%}
{%- endmacro -%}

{#- Until when figures are made: the variable zendesk_now, or the time of the run. -#}
{%- macro now() -%}
    {%- if var('zendesk_now', none) -%}{{ zendesk_on_airbyte.time_literal(var('zendesk_now')) }}
    {%- else -%}{{ adapter.dispatch('now', 'zendesk_on_airbyte')() }}
    {%- endif -%}
{%- endmacro -%}
{%- macro default__now() -%}current_timestamp(){%- endmacro -%}
{%- macro postgres__now() -%}(now() at time zone 'UTC'){%- endmacro -%}
{%- macro duckdb__now() -%}(now() at time zone 'UTC'){%- endmacro -%}
{%- macro snowflake__now() -%}sysdate(){%- endmacro -%}
{%- macro redshift__now() -%}getdate(){%- endmacro -%}

{%- macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between', 'zendesk_on_airbyte')(earlier, later)) }}
{%- endmacro -%}
{%- macro default__seconds_between(earlier, later) -%}datediff(second, {{ earlier }}, {{ later }}){%- endmacro -%}
{%- macro postgres__seconds_between(earlier, later) -%}
    cast(floor(extract(epoch from ({{ later }} - {{ earlier }}))) as bigint)
{%- endmacro -%}
{%- macro duckdb__seconds_between(earlier, later) -%}date_diff('second', {{ earlier }}, {{ later }}){%- endmacro -%}
{%- macro bigquery__seconds_between(earlier, later) -%}timestamp_diff({{ later }}, {{ earlier }}, second){%- endmacro -%}
{%- macro redshift__seconds_between(earlier, later) -%}datediff(second, {{ earlier }}, {{ later }}){%- endmacro -%}
{%- macro databricks__seconds_between(earlier, later) -%}timestampdiff(second, {{ earlier }}, {{ later }}){%- endmacro -%}
{%- macro spark__seconds_between(earlier, later) -%}timestampdiff(second, {{ earlier }}, {{ later }}){%- endmacro -%}

{#- The time that is so many seconds after 1970 began. -#}
{%- macro from_epoch(seconds) -%}
    {{ return(adapter.dispatch('from_epoch', 'zendesk_on_airbyte')(seconds)) }}
{%- endmacro -%}
{%- macro default__from_epoch(seconds) -%}timestamp_seconds({{ seconds }}){%- endmacro -%}
{%- macro postgres__from_epoch(seconds) -%}(to_timestamp({{ seconds }}) at time zone 'UTC'){%- endmacro -%}
{%- macro duckdb__from_epoch(seconds) -%}make_timestamp(({{ seconds }}) * 1000000){%- endmacro -%}
{%- macro snowflake__from_epoch(seconds) -%}to_timestamp_ntz({{ seconds }}){%- endmacro -%}
{%- macro redshift__from_epoch(seconds) -%}dateadd(second, cast({{ seconds }} as integer), cast('1970-01-01' as timestamp)){%- endmacro -%}

{%- macro add_minutes(time, minutes) -%}
    {{ return(adapter.dispatch('add_minutes', 'zendesk_on_airbyte')(time, minutes)) }}
{%- endmacro -%}
{%- macro default__add_minutes(time, minutes) -%}dateadd(minute, {{ minutes }}, {{ time }}){%- endmacro -%}
{%- macro postgres__add_minutes(time, minutes) -%}({{ time }} + interval '1 minute' * ({{ minutes }})){%- endmacro -%}
{%- macro duckdb__add_minutes(time, minutes) -%}({{ time }} + interval '1 minute' * ({{ minutes }})){%- endmacro -%}
{%- macro bigquery__add_minutes(time, minutes) -%}timestamp_add({{ time }}, interval ({{ minutes }}) minute){%- endmacro -%}
{%- macro redshift__add_minutes(time, minutes) -%}dateadd(minute, cast({{ minutes }} as integer), {{ time }}){%- endmacro -%}
{%- macro databricks__add_minutes(time, minutes) -%}timestampadd(minute, cast({{ minutes }} as integer), {{ time }}){%- endmacro -%}
{%- macro spark__add_minutes(time, minutes) -%}timestampadd(minute, cast({{ minutes }} as integer), {{ time }}){%- endmacro -%}

{%- macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days', 'zendesk_on_airbyte')(day, days)) }}
{%- endmacro -%}
{%- macro default__add_days(day, days) -%}cast(dateadd(day, {{ days }}, {{ day }}) as date){%- endmacro -%}
{%- macro postgres__add_days(day, days) -%}({{ day }} + cast({{ days }} as integer)){%- endmacro -%}
{%- macro duckdb__add_days(day, days) -%}({{ day }} + cast({{ days }} as integer)){%- endmacro -%}
{%- macro bigquery__add_days(day, days) -%}date_add({{ day }}, interval ({{ days }}) day){%- endmacro -%}
{%- macro redshift__add_days(day, days) -%}cast(dateadd(day, cast({{ days }} as integer), {{ day }}) as date){%- endmacro -%}
{%- macro databricks__add_days(day, days) -%}date_add({{ day }}, cast({{ days }} as integer)){%- endmacro -%}
{%- macro spark__add_days(day, days) -%}date_add({{ day }}, cast({{ days }} as integer)){%- endmacro -%}

{#- The UTC day of a time. -#}
{%- macro day_of(time) -%}cast({{ time }} as date){%- endmacro -%}

{#- The time at which a day begins. -#}
{%- macro start_of(day) -%}cast({{ day }} as {{ zendesk_on_airbyte.type_time() }}){%- endmacro -%}

{%- macro month_of(time) -%}cast({{ dbt.date_trunc('month', time) }} as date){%- endmacro -%}

{#- 0 is Sunday, from which Zendesk counts the minutes of a schedule. -#}
{%- macro day_of_week(day) -%}
    {{ return(adapter.dispatch('day_of_week', 'zendesk_on_airbyte')(day)) }}
{%- endmacro -%}
{%- macro default__day_of_week(day) -%}(dayofweek({{ day }}) - 1){%- endmacro -%}
{%- macro postgres__day_of_week(day) -%}cast(extract(dow from {{ day }}) as integer){%- endmacro -%}
{%- macro duckdb__day_of_week(day) -%}dayofweek({{ day }}){%- endmacro -%}
{%- macro snowflake__day_of_week(day) -%}mod(dayofweekiso({{ day }}), 7){%- endmacro -%}
{%- macro bigquery__day_of_week(day) -%}(extract(dayofweek from {{ day }}) - 1){%- endmacro -%}
{%- macro redshift__day_of_week(day) -%}cast(extract(dow from {{ day }}) as integer){%- endmacro -%}

{#- Whole numbers from 0 to 99999, as the text of two common table expressions. -#}
{%- macro numbers() -%}
digits as (
    {% for digit in range(10) -%}
    select {{ digit }} as digit{% if not loop.last %} union all{% endif %}
    {% endfor -%}
),
numbers as (
    select ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit
        + 10000 * ten_thousands.digit as number_of_days
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
    cross join digits as ten_thousands
)
{%- endmacro -%}
