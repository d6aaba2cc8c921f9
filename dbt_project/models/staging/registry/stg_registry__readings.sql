select cast(min(extracted_at) as timestamp) as first_read_at
from {{ source('registry', 'organisation') }}
