{#- Ratings by the month of their last change, in UTC. A rating that was offered and never given is none. -#}
{%- set ratings = stream('satisfaction_ratings') %}

with ratings as (
    select {{ columns(ratings, integers=['id'], texts=['score'], times=['updated_at']) }}
    {{ from_stream(ratings) }}
)
select
    {{ month_of('updated_at') }} as month,
    sum(case when score like 'good%' then 1 else 0 end) as good,
    sum(case when score like 'bad%' then 1 else 0 end) as bad
from ratings
where score like 'good%' or score like 'bad%'
group by {{ month_of('updated_at') }}
