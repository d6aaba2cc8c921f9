-- What the macros of dbt_project/macros/engine_snowflake.sql call, in the schema `product_ops`: made anew by every landing. Of each
-- the meaning stands where its macro does. They hold no subquery, which Snowflake does not take everywhere.

-- A day as YYYY-MM-DD, of a text that begins with one; null for another text.
create or replace function product_ops.day_text(said varchar) returns varchar as $$
    regexp_substr(said, '^[0-9]{4}')
    || '-' || lpad(regexp_substr(said, '^[0-9]{4}[-/]([0-9]{1,2})', 1, 1, 'e', 1), 2, '0')
    || '-' || lpad(regexp_substr(said, '^[0-9]{4}[-/][0-9]{1,2}[-/]([0-9]{1,2})', 1, 1, 'e', 1), 2, '0')
$$;

-- What the clock of a moment shows, wherever it stands.
create or replace function product_ops.shown_moment(said varchar) returns timestamp_ntz as $$
    try_to_timestamp_ntz(
        product_ops.day_text(said)
        || ' ' || lpad(coalesce(regexp_substr(said, '[T ]([0-9]{1,2}:[0-9]{2})', 1, 1, 'e', 1), ''), 5, '00:00')
        || ':' || rpad(coalesce(regexp_substr(said, ':[0-9]{2}:([0-9]{2})', 1, 1, 'e', 1), ''), 2, '00')
        || '.' || rpad(left(coalesce(regexp_substr(said, '[.]([0-9]+)', 1, 1, 'e', 1), ''), 6), 6, '0'),
        'YYYY-MM-DD HH24:MI:SS.FF6'
    )
$$;

-- By how many minutes the clock of a moment is before UTC.
create or replace function product_ops.offset_minutes(said varchar) returns number(38, 0) as $$
    case when regexp_substr(said, '[0-9]:[0-9:.]*([+-])[0-9]', 1, 1, 'e', 1) = '-' then -1 else 1 end
    * (
        60 * coalesce(try_to_number(regexp_substr(said, '[0-9]:[0-9:.]*[+-]([0-9]{2})', 1, 1, 'e', 1)), 0)
        + coalesce(try_to_number(regexp_substr(said, '[0-9]:[0-9:.]*[+-][0-9]{2}:?([0-9]{2})', 1, 1, 'e', 1)), 0)
    )
$$;

create or replace function product_ops.held_moment(moment timestamp_ntz) returns timestamp_ntz as $$
    case
        when moment between cast('0001-01-02 00:00:00' as timestamp_ntz) and cast('9999-12-30 23:59:59.999999' as timestamp_ntz)
            then moment
    end
$$;

-- `said` fits `moment_pattern`.
create or replace function product_ops.moment(said varchar) returns timestamp_ntz as $$
    product_ops.held_moment(dateadd('minute', -product_ops.offset_minutes(said), product_ops.shown_moment(said)))
$$;

create or replace function product_ops.try_date(said varchar) returns date as $$
    case
        when
            regexp_like(trim(said), '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T].*)?')
            and try_to_date(product_ops.day_text(trim(said)), 'YYYY-MM-DD') between cast('0001-01-01' as date) and cast('9999-12-31' as date)
            then try_to_date(product_ops.day_text(trim(said)), 'YYYY-MM-DD')
    end
$$;

create or replace function product_ops.try_double(said varchar) returns double as $$
    case
        when
            regexp_like(trim(said), '[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?')
            and abs(try_to_double(trim(said))) <= 1.7976931348623157e308
            then try_to_double(trim(said))
    end
$$;

create or replace function product_ops.try_bigint(said varchar) returns number(38, 0) as $$
    case
        when
            regexp_like(trim(said), '[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?')
            and try_to_decimal(trim(said), 38, 0) between -9223372036854775808 and 9223372036854775807
            then try_to_decimal(trim(said), 38, 0)
    end
$$;

create or replace function product_ops.from_epoch(said varchar) returns timestamp_ntz as $$
    case
        when product_ops.try_double(said) > -62135510400 and product_ops.try_double(said) < 100000000000
            then to_timestamp_ntz(cast(floor(product_ops.try_double(said) * 1000) as number(38, 0)), 3)
        when product_ops.try_double(said) >= 100000000000 and product_ops.try_double(said) < 253402214400000
            then to_timestamp_ntz(cast(floor(product_ops.try_double(said)) as number(38, 0)), 3)
    end
$$;

-- The UTC moment at which a clock that is as far from UTC as it is so many days later shows this.
create or replace function product_ops.moment_of_offset(shown timestamp_ntz, zone varchar, days number(38, 0)) returns timestamp_ntz as $$
    dateadd(
        'second', -datediff('second', dateadd('day', days, shown), convert_timezone('UTC', zone, dateadd('day', days, shown))), shown
    )
$$;

-- Which of two moments is meant when clocks are put back is asked of no engine: only from UTC to a zone is there no doubt.
create or replace function product_ops.from_wall_clock(shown timestamp_ntz, zone varchar) returns timestamp_ntz as $$
    case
        when convert_timezone('UTC', zone, product_ops.moment_of_offset(shown, zone, 1)) = shown
            then product_ops.moment_of_offset(shown, zone, 1)
        else product_ops.moment_of_offset(shown, zone, -1)
    end
$$;

-- Snowflake's own patterns know no letters of other scripts.
create or replace function product_ops.text_key(said varchar) returns varchar
language python runtime_version = '3.11' handler = 'text_key' as $$
import unicodedata

def text_key(said):
    if said is None:
        return None
    return "".join(sign for sign in said.lower() if unicodedata.category(sign)[0] in "LN") or None
$$;

-- Nor groups that capture nothing, and matches as short as can be.
create or replace function product_ops.text_capture(said varchar, pattern varchar) returns varchar
language python runtime_version = '3.11' handler = 'text_capture' as $$
import re

def text_capture(said, pattern):
    found = re.search(pattern.replace("$", "\\Z"), said, re.ASCII) if said is not None else None
    return (found.group(1) or None) if found else None
$$;
