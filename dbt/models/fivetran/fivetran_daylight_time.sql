{#- Hours are whole here, as in Fivetran's table. Times of other minutes, none of which is newer than 2016, are in the
    seed daylight_times. -#}
{{ config(alias='daylight_time') }}

select
    zones.time_zone,
    daylight.year,
    cast(daylight.daylight_start_utc as {{ type_time() }}) as daylight_start_utc,
    cast(daylight.daylight_end_utc as {{ type_time() }}) as daylight_end_utc,
    cast(daylight.daylight_offset_minutes / 60 as {{ dbt.type_int() }}) as daylight_offset,
    {{ now() }} as _fivetran_synced
from {{ ref('daylight_times') }} as daylight
join {{ ref('rails_time_zones') }} as zones on zones.iana_time_zone = daylight.iana_time_zone
where mod(daylight.daylight_offset_minutes, 60) = 0
