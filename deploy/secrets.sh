#!/bin/sh
# secrets.sh FOLDER: draws the passwords for compose.yaml, once, and a folder for its backups beside. What is there
# already stays. Run it as root: each file belongs to the user of the container that reads it, 999 for the database's
# image and 10001 for ours, because it is for nobody else, and libpq passes over password files that others may read.
set -eu
umask 077
folder=$1
mkdir -p "$folder" "$folder/../backups"
chown 10001:10001 "$folder/../backups"
for role in postgres migrator app reader; do
  file=$folder/${role}_password
  [ -s "$file" ] || head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > "$file"
  chown 999:999 "$file"
done
for role in migrator app reader; do
  file=$folder/${role}_pgpass
  [ -s "$file" ] || printf 'database:5432:*:backorder_%s:%s\n' "$role" "$(cat "$folder/${role}_password")" > "$file"
  chown 10001:10001 "$file"
done
