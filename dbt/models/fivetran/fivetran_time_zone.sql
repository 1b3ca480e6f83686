{{ config(alias='time_zone') }}

select time_zone, standard_offset, {{ now() }} as _fivetran_synced
from {{ ref('rails_time_zones') }}
