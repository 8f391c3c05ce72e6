#!/bin/sh
# Makes what the instances share and nobody else may read, in the folder secrets/: nothing that is there already is touched.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
make() { [ -e "secrets/$1" ] || { printf '%s\n' "$2" > "secrets/$1"; echo "made secrets/$1"; }; }
random() { openssl rand -hex "$1"; }

make master.key "gatehouse-master-key-1:$(random 32)"
make postgres.password "$(random 16)"
make postgres.env "POSTGRES_PASSWORD=$(cat secrets/postgres.password)"
make pgpass "postgres:5432:*:gatehouse:$(cat secrets/postgres.password)"
make nats.password "p$(random 16)"
make smtp.password "${SMTP_PASSWORD:-change-me}"
make nats.env "PUBLISHER_PASSWORD=$(cat secrets/nats.password)"
../nats/secrets.sh secrets/nats.env
[ -e secrets/authority.pem ] || {
  ../nats/certificates.sh secrets/certificates nats
  cp secrets/certificates/authority.pem secrets/authority.pem
}
