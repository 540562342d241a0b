#!/bin/sh
# The passwords of the roles, from the environment. The image runs it after 10-roles.sql,
# when it makes the database.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set=owner="$TARIKH_OWNER_PASSWORD" --set=api="$TARIKH_API_PASSWORD" --set=reader="$TARIKH_READER_PASSWORD" <<'SQL'
ALTER ROLE tarikh_owner PASSWORD :'owner';
ALTER ROLE tarikh_api PASSWORD :'api';
ALTER ROLE tarikh_reader PASSWORD :'reader';
SQL
