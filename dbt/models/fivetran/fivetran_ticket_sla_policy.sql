{{ config(alias='ticket_sla_policy') }}

select ticket_id, sla_policy_id, applied_at as policy_applied_at, max(_fivetran_synced) as _fivetran_synced
from {{ ref('zendesk_sla_applications') }}
where sla_policy_id is not null
group by ticket_id, sla_policy_id, applied_at
