#!/bin/sh
# Makes an authority and a certificate for a server: certificates.sh FOLDER NAME...
#
#   ./certificates.sh certificates nats-one.example nats-two.example nats-three.example
#
# The names are those that clients and the other servers connect to (host names, or IP addresses). In FOLDER afterwards:
#   authority.pem   what clients and servers trust; to be given to both
#   authority.key   signs certificates: keep it off the servers
#   server.pem, server.key   for the servers; good for 397 days
# An authority that is there already is kept, so that the same command renews the servers' certificate.
set -eu
folder=$1
shift
umask 077
mkdir -p "$folder"
cd "$folder"

names=""
for name in "$@"; do
  case $name in
    *[!0-9.]*) names="$names,DNS:$name" ;;
    *) names="$names,IP:$name" ;;
  esac
done

if [ ! -f authority.key ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 3650 \
    -keyout authority.key -out authority.pem -subj "/CN=Gatehouse NATS authority" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
fi

openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -keyout server.key -out server.csr -subj "/CN=$1"
printf '%s\n' "subjectAltName=${names#,}" "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" \
  "extendedKeyUsage=serverAuth,clientAuth" > server.ext
openssl x509 -req -sha256 -days 397 -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -extfile server.ext -out server.pem
rm -f server.csr server.ext
openssl verify -CAfile authority.pem server.pem
