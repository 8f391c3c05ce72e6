#!/bin/sh
# Draws the passwords that accounts.conf names, as environment variables: secrets.sh FILE
#
#   ./secrets.sh secrets.env
#
# Readable for its owner only, different for each user. What the file has already stays, so that the same command adds a new service's.
# A bcrypt hash, made by `nats server passwd`, can stand there instead, in single quotes.
set -eu
file=$1
umask 077
touch "$file"
for name in $(sed -n 's/^ *[^#]*password: *\$\([A-Z_]*\).*/\1/p' "$(dirname "$0")/accounts.conf"); do
  # A letter first: the server reads what begins with a digit as a number, where it can.
  grep -q "^$name=" "$file" || printf '%s=p%s\n' "$name" "$(openssl rand -hex 16)" >> "$file"
done
