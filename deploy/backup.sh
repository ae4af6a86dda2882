#!/bin/sh
# backup.sh FOLDER DAYS: a backup in FOLDER, tried at once. Those older than DAYS go, but only once the new one has
# proved sound: a disk full of good old backups is a smaller trouble than an empty one.
set -eu
umask 077
folder=$1
days=$2
file=$folder/backorder-$(date -u +%Y-%m-%dT%H%M%SZ).backup
backorder backup "$file"
backorder restore "$file" --verify
find "$folder" -maxdepth 1 -type f \( -name 'backorder-*.backup' -o -name 'backorder-*.backup.sha256' \) \
  -mtime "+$days" -delete
