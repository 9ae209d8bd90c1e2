#!/usr/bin/env bash
# A newsletter through a real Postfix into real mailboxes, and the report about the reader who is gone back into crieur.
#
#     postfix.sh CRIEUR PYTHON FOLDER
#
# FOLDER is empty. Needs root (Postfix's master does), Debian's postfix and openssl, and dkimpy for PYTHON. Says what it found, or ends with 1.
set -euo pipefail
crieur=$1 python=$2 folder=$(realpath "$3")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() { echo "postfix: $*" >&2; tail -n 40 "$folder/postfix.log" >&2 || true; exit 1; }
# until COMMAND…: asks again until it says yes
until_true() {
    for _ in $(seq 300); do "$@" && return; sleep 0.1; done
    fail "in vain: $*"
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

smtp=$(free_port) lmtp=$(free_port)
post=$folder/post
mkdir -p "$post"/{etc,spool,data,mail}
chmod 755 "$folder" "$post"
chown postfix "$post/data"
chown nobody "$post/mail"
# Postfix wants the key first
{ openssl pkey -in tests/fixtures/tls/good.pem; openssl x509 -in tests/fixtures/tls/good.pem; } > "$post/etc/cert.pem"
chmod 600 "$post/etc/cert.pem"
printf 'ada@readers.test ada/\nzoe@readers.test zoe/\n' > "$post/etc/mailboxes"
# whose mail goes on to where nobody knows them: taken, and bounced later
echo 'left@gone.test former@readers.test' > "$post/etc/aliases"
echo "crieur.test lmtp:inet:127.0.0.1:$lmtp" > "$post/etc/transport"
cat > "$post/etc/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $post/spool
data_directory = $post/data
myhostname = mail.readers.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relay_domains = crieur.test
virtual_alias_domains = gone.test
virtual_alias_maps = texthash:$post/etc/aliases
transport_maps = texthash:$post/etc/transport
recipient_delimiter = +
virtual_mailbox_domains = readers.test
virtual_mailbox_base = $post/mail
virtual_mailbox_maps = texthash:$post/etc/mailboxes
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)
alias_maps =
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = $post/etc/cert.pem
smtputf8_enable = no
maillog_file = $folder/postfix.log
maillog_file_prefixes = $folder
CF
# as Debian's, with nothing in a chroot and only what this run needs
cat > "$post/etc/master.cf" <<CF
127.0.0.1:$smtp inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
CF

daemon=
finish() {
    [ -z "$daemon" ] || kill "$daemon" 2> /dev/null || true
    postfix -c "$post/etc" stop > /dev/null 2>&1 || true
}
trap finish EXIT
postfix -c "$post/etc" start > "$folder/start.log" 2>&1 || { cat "$folder/start.log" >&2; fail "it does not start"; }

site=$folder/site
mkdir "$site"
cp -r content "$site/"
cp tests/fixtures/tls/authority.pem "$site/"
(umask 077; openssl genrsa -out "$site/rsa.pem" 2048 2> /dev/null; openssl genpkey -algorithm ed25519 -out "$site/ed25519.pem")
for name in rsa ed25519; do openssl pkey -in "$site/$name.pem" -pubout -out "$folder/$name.pub"; done
{
    cat crieur.toml
    cat <<CF
[http]
listen = "127.0.0.1:0"
[mail]
from = "Crieur <crieur@crieur.test>"
bounce_address = "bounces@crieur.test"
bounce_lmtp = "127.0.0.1:$lmtp"
smtp = { host = "localhost", port = $smtp, tls = "starttls", ca_file = "authority.pem" }
dkim = [{ selector = "r1", key_file = "rsa.pem" }, { selector = "e1", key_file = "ed25519.pem" }]
CF
} > "$site/crieur.toml"
run() { "$crieur" --quiet --config "$site/crieur.toml" "$@"; }
for reader in ada@readers.test zoe@readers.test nobody@readers.test left@gone.test; do
    run subscribers add "$reader" > /dev/null
done
sent=$(run send --at 2019-04-08T12:00:00+02:00 || true)
# nobody@readers.test is refused while we listen; left@gone.test is taken, and its report comes later
grep -q '3 sent, .*1 refused, 0 in doubt' <<< "$sent" || fail "sent: $sent"
arrived() { [ "$(find "$post/mail" -path '*/new/*' -type f 2> /dev/null | wc -l)" -eq 2 ]; }
until_true arrived
mkdir "$folder/read"
for mailbox in ada zoe; do
    cp "$post/mail/$mailbox"/new/* "$folder/read/$mailbox.eml"
    # a mailbox has Unix lines; signatures are over those that were sent
    sed -i 's/$/\r/' "$folder/read/$mailbox.eml"
done
"$python" tests/clients/check_mail.py "$folder"/read/*.eml
"$python" tests/clients/check_dkim.py r1="$folder/rsa.pub" e1="$folder/ed25519.pub" -- "$folder"/read/*.eml

"$crieur" --quiet --config "$site/crieur.toml" serve > "$folder/serve.log" 2>&1 &
daemon=$!
suppressed() {
    postqueue -c "$post/etc" -f 2> /dev/null
    run status --format json | grep -q '"suppressions": 2'
}
until_true suppressed
queue_is_empty() { postqueue -c "$post/etc" -p | grep -q 'Mail queue is empty'; }
until_true queue_is_empty
show=$(run subscribers show left@gone.test)
grep -q 'hard bounce' <<< "$show" || fail "what is kept of who is gone: $show"
echo "through Postfix: 2 mails in mailboxes, 1 refused at once, 1 report taken in by LMTP, queue empty"
