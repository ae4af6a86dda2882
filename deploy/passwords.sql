-- The passwords of the roles, from the files that compose.yaml hands in; they stand on no command line and in no image.
\set ON_ERROR_STOP on
\set migrator `cat /run/secrets/migrator_password`
\set app `cat /run/secrets/app_password`
\set reader `cat /run/secrets/reader_password`
SET log_statement = 'none';
SET password_encryption = 'scram-sha-256';
ALTER ROLE backorder_migrator PASSWORD :'migrator';
ALTER ROLE backorder_app PASSWORD :'app';
ALTER ROLE backorder_reader PASSWORD :'reader';
