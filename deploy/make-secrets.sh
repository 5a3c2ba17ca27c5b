#!/bin/sh
# Random secrets for the services of compose.yaml, made once and kept in a volume of their own:
# nobody has to invent a password, and none stands in a file of the repository.
#   sh make-secrets.sh FOLDER
set -eu
folder=$1
random() { od -An -N20 -tx1 /dev/urandom | tr -d ' \n'; }
if [ -s "$folder/label-studio.env" ]; then
    exit 0
fi
mkdir -p "$folder"
database=$(random) token=$(random) administrator=$(random) backend=$(random)
printf %s "$database" > "$folder/postgres"
cat > "$folder/backend.env" <<EOF
export LABEL_STUDIO_API_KEY=$token
export BASIC_AUTH_USER=label-studio
export BASIC_AUTH_PASS=$backend
EOF
# Last, and renamed into place: its presence says that all of them are complete.
cat > "$folder/label-studio.env.part" <<EOF
export POSTGRE_PASSWORD=$database
export LABEL_STUDIO_USERNAME=admin@tslab.local
export LABEL_STUDIO_PASSWORD=$administrator
export LABEL_STUDIO_USER_TOKEN=$token
EOF
# Each service runs as a user of its own; only these containers see the volume.
chmod 0444 "$folder/postgres" "$folder/backend.env" "$folder/label-studio.env.part"
mv "$folder/label-studio.env.part" "$folder/label-studio.env"
echo "made the secrets of Label Studio, PostgreSQL and the backend"
