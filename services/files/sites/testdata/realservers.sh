#!/bin/bash
# realservers.sh DIR [tricky]: starts vsftpd, ProFTPD, Pure-FTPd, OpenSSH and
# Apache on the loopback interface, or the three FTP servers with the settings
# that bite, all files and settings in DIR, prints one line for each ("name TAB
# address TAB password TAB certificate authority"), then "ready", and ends them
# when standard input ends. Debian 12, as root: it installs libraries, unpacks
# the servers (their packages exclude each other) and makes one account without
# a shell, which it removes at the end.
set -euo pipefail
dir=${1:?a folder for everything} group=${2:-usual}
exec 3>&1 1>&2
chmod 755 "$dir"; parent=$dir # the servers' account must be able to reach it
while [ "$parent" != / ]; do chmod a+x "$parent"; parent=$(dirname "$parent"); done
mkdir -p "$dir"/{conf,deb,files,log,run,empty}

export DEBIAN_FRONTEND=noninteractive
libraries="openssl libwrap0 libcap2 libpam0g libsodium23 libacl1 libhiredis0.14 libmemcached11 libmemcachedutil2 libpcre2-posix3 openssh-server apache2-bin"
missing=$(for p in $libraries; do dpkg -s "$p" >/dev/null 2>&1 || echo "$p"; done)
if [ -n "$missing" ]; then
	apt-get update -q
	# shellcheck disable=SC2086
	apt-get install -qy --no-install-recommends $missing
fi
(cd "$dir/deb" && apt-get download -q vsftpd proftpd-core proftpd-mod-crypto pure-ftpd pure-ftpd-common)
for deb in "$dir"/deb/*.deb; do
	name=$(basename "$deb"); name=${name%%_*}
	case $name in proftpd-*) name=proftpd ;; pure-ftpd-*) name=pure-ftpd ;; esac
	dpkg -x "$deb" "$dir/$name"
done

user=gt$(openssl rand -hex 4) password=$(openssl rand -base64 18 | tr -d '+/=')
pids=()
finish() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
	userdel "$user" 2>/dev/null || true
}
trap finish EXIT
useradd --no-create-home --home-dir "$dir/files" --shell /bin/false --password "$(openssl passwd -6 "$password")" "$user"
uid=$(id -u "$user") gid=$(id -g "$user")
chown "$uid:$gid" "$dir/files" "$dir/run"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=test authority" \
	-keyout "$dir/conf/ca.key" -out "$dir/conf/ca.crt"
openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout "$dir/conf/server.key" -out "$dir/conf/server.csr"
openssl x509 -req -in "$dir/conf/server.csr" -CA "$dir/conf/ca.crt" -CAkey "$dir/conf/ca.key" -CAcreateserial -days 2 \
	-extfile <(printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n') -out "$dir/conf/server.crt"

base=$((10000 + RANDOM % 20000)) # below those that clients get
free() { # a port that nobody listens to
	while :; do
		base=$((base + 1))
		if ! (exec 4<>"/dev/tcp/127.0.0.1/$base") 2>/dev/null; then port=$base; return; fi
	done
}
daemon() { # port, command: runs it and waits for the port
	local at=$1; shift
	"$@" </dev/null >>"$dir/log/$(basename "$1").log" 2>&1 3>&- & pids+=($!)
	for _ in $(seq 200); do
		if (exec 4<>"/dev/tcp/127.0.0.1/$at") 2>/dev/null; then return; fi
		sleep 0.1
	done
	echo "$1 did not start" >&2; cat "$dir"/log/* >&2; exit 1
}
say() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$password" "$dir/conf/ca.crt" >&3; }

vsftpd_server() { # name, scheme, settings
	free
	printf '%s\n' "listen=YES
background=NO
listen_address=127.0.0.1
listen_port=$port
anonymous_enable=NO
local_enable=YES
check_shell=NO
pam_service_name=other
local_root=$dir/files
chroot_local_user=YES
allow_writeable_chroot=YES
write_enable=YES
local_umask=022
mdtm_write=YES
secure_chroot_dir=$dir/empty
seccomp_sandbox=NO
session_support=NO
xferlog_enable=NO" "$3" > "$dir/conf/$1"
	chmod 600 "$dir/conf/$1"
	daemon "$port" "$dir/vsftpd/usr/sbin/vsftpd" "$dir/conf/$1"
	say "$1" "$2://$user@127.0.0.1:$port/"
}
vsftpd_tls="ssl_enable=YES
rsa_cert_file=$dir/conf/server.crt
rsa_private_key_file=$dir/conf/server.key
ssl_ciphers=HIGH
force_local_logins_ssl=YES
force_local_data_ssl=YES
require_ssl_reuse=YES"

(umask 077; echo "$user:$(openssl passwd -6 "$password"):$uid:$gid::$dir/files:/bin/false" > "$dir/conf/passwd"; echo "$user:x:$gid:" > "$dir/conf/group")
proftpd_tls="TLSEngine on
TLSRequired on
TLSRSACertificateFile $dir/conf/server.crt
TLSRSACertificateKeyFile $dir/conf/server.key"
proftpd_server() { # name, scheme, settings of the server, settings of all
	free
	printf '%s\n' "ModulePath $dir/proftpd/usr/lib/proftpd
LoadModule mod_tls.c
ServerName test
ServerType standalone
UseIPv6 off
User $user
Group $user
Port $port
DefaultAddress 127.0.0.1
SocketBindTight on
PidFile $dir/run/$1.pid
ScoreboardFile $dir/run/$1.scoreboard
DelayEngine off
UseReverseDNS off
SystemLog $dir/log/$1.system
WtmpLog off
TransferLog none
$3
<Global>
AuthOrder mod_auth_file.c
AuthUserFile $dir/conf/passwd
AuthGroupFile $dir/conf/group
RequireValidShell off
DefaultRoot ~
AllowOverwrite on
Umask 022
${4-AllowStoreRestart on}
</Global>" > "$dir/conf/$1"
	daemon "$port" "$dir/proftpd/usr/sbin/proftpd" -n -q -c "$dir/conf/$1"
	say "$1" "$2://$user@127.0.0.1:$port/"
}

(umask 077; echo "$user:$(openssl passwd -6 "$password"):$uid:$gid::$dir/files/./::::::::::::" > "$dir/conf/pure")
"$dir/pure-ftpd/usr/bin/pure-pw" mkdb "$dir/conf/pure.pdb" -f "$dir/conf/pure"
cat "$dir/conf/server.crt" "$dir/conf/server.key" > "$dir/conf/server.pem"; chmod 600 "$dir/conf/server.pem"
pure_tls=(-Y 3 -2 "$dir/conf/server.crt,$dir/conf/server.key")
pure_server() { # name, scheme, options
	local name=$1 scheme=$2; shift 2
	free
	daemon "$port" "$dir/pure-ftpd/usr/sbin/pure-ftpd" -S "127.0.0.1,$port" -4 -A -E -H -j -u 1 -c 30 -D -L 50000:50 \
		-l "puredb:$dir/conf/pure.pdb" -g "$dir/run/$name.pid" -O clf:/dev/null "$@"
	say "$name" "$scheme://$user@127.0.0.1:$port/"
}

if [ "$group" = tricky ]; then
	vsftpd_server vsftpd-strict ftpes "$vsftpd_tls
strict_ssl_read_eof=YES
strict_ssl_write_shutdown=YES"
	vsftpd_server vsftpd-implicit ftps "$vsftpd_tls
implicit_ssl=YES"
	vsftpd_server vsftpd-two ftpes "$vsftpd_tls
max_per_ip=2"
	vsftpd_server vsftpd-address ftp "pasv_address=192.0.2.7
use_localtime=YES"
	vsftpd_server vsftpd-idle ftp "idle_session_timeout=10
hide_ids=YES"
	vsftpd_server vsftpd-active ftpes "$vsftpd_tls
pasv_enable=NO"
	proftpd_server proftpd-norestart ftp "" ""
	proftpd_server proftpd-two ftpes "$proftpd_tls" "AllowStoreRestart on
MaxClientsPerUser 2
MaxClientsPerHost 2"
	TZ=XXX-5:30 proftpd_server proftpd-localtime ftp "TimesGMT off" "AllowStoreRestart on
FactsAdvertise off"
	proftpd_server proftpd-latin1 ftp "LoadModule mod_lang.c
UseEncoding ISO-8859-1 ISO-8859-1
LangEngine on"
	proftpd_server proftpd-masquerade ftpes "$proftpd_tls
MasqueradeAddress 192.0.2.7"
	proftpd_server proftpd-hidden ftpes "$proftpd_tls" "AllowStoreRestart off
HiddenStores on"
	proftpd_server proftpd-unnamed ftpes "$proftpd_tls
ServerIdent off"
	pure_server pure-ftpd-two ftp -Y 0 -C 2
	pure_server pure-ftpd-keep ftp -Y 0 -C 30 -K
	pure_server pure-ftpd-autorename ftp -Y 0 -C 30 -r
	pure_server pure-ftpd-norename ftp -Y 0 -C 30 -G
	pure_server pure-ftpd-address ftpes "${pure_tls[@]}" -C 30 -P 192.0.2.7
	echo ready >&3
	cat >/dev/null
	exit
fi

vsftpd_server vsftpd ftp ""
vsftpd_server vsftpd-tls ftpes "$vsftpd_tls"
proftpd_server proftpd ftp ""
proftpd_server proftpd-tls ftpes "$proftpd_tls"
proftpd_server proftpd-implicit ftps "$proftpd_tls
TLSOptions UseImplicitSSL"
pure_server pure-ftpd ftp -Y 0 -C 30
pure_server pure-ftpd-tls ftpes "${pure_tls[@]}" -C 30

free
ssh-keygen -q -t ed25519 -N '' -f "$dir/conf/host"
mkdir -p /run/sshd
cat > "$dir/conf/sshd" <<CONF
Port $port
ListenAddress 127.0.0.1
HostKey $dir/conf/host
PidFile none
StrictModes no
UsePAM no
AllowUsers $user
AuthorizedKeysFile none
Subsystem sftp internal-sftp
ForceCommand internal-sftp
CONF
daemon "$port" /usr/sbin/sshd -D -e -f "$dir/conf/sshd"
say openssh "sftp://$user@127.0.0.1:$port$dir/files"

free
ssh-keygen -q -t rsa -b 3072 -m PEM -N '' -f "$dir/conf/hostrsa"
sed -e "s|^Port .*|Port $port|" -e "s|^HostKey .*|HostKey $dir/conf/hostrsa|" "$dir/conf/sshd" > "$dir/conf/sshd-strict"
cat >> "$dir/conf/sshd-strict" <<CONF
HostKeyAlgorithms rsa-sha2-512
Ciphers aes256-ctr
MACs hmac-sha2-512-etm@openssh.com
MaxSessions 1
MaxStartups 2
CONF
daemon "$port" /usr/sbin/sshd -D -e -f "$dir/conf/sshd-strict"
say openssh-strict "sftp://$user@127.0.0.1:$port$dir/files"

free
cat > "$dir/conf/proftpd-sftp" <<CONF
ModulePath $dir/proftpd/usr/lib/proftpd
LoadModule mod_sftp.c
ServerName test
ServerType standalone
UseIPv6 off
User $user
Group $user
Port $port
DefaultAddress 127.0.0.1
SocketBindTight on
PidFile $dir/run/proftpd-sftp.pid
ScoreboardFile $dir/run/proftpd-sftp.scoreboard
DelayEngine off
UseReverseDNS off
SystemLog $dir/log/proftpd-sftp.system
WtmpLog off
TransferLog none
AuthOrder mod_auth_file.c
AuthUserFile $dir/conf/passwd
AuthGroupFile $dir/conf/group
RequireValidShell off
DefaultRoot ~
AllowOverwrite on
AllowStoreRestart on
Umask 022
SFTPEngine on
SFTPHostKey $dir/conf/hostrsa
SFTPAuthMethods password
CONF
daemon "$port" "$dir/proftpd/usr/sbin/proftpd" -n -q -c "$dir/conf/proftpd-sftp"
say proftpd-sftp "sftp://$user@127.0.0.1:$port/"

free; plain=$port; free; secure=$port
printf '%s:%s\n' "$user" "$(openssl passwd -apr1 "$password")" > "$dir/conf/basic"
printf '%s:test:%s\n' "$user" "$(printf '%s' "$user:test:$password" | md5sum | cut -d' ' -f1)" > "$dir/conf/digest"
{
	for m in mpm_event authn_core authn_file authz_core authz_user auth_basic auth_digest alias mime dav dav_fs ssl socache_shmcb; do
		[ ! -e /usr/lib/apache2/modules/mod_$m.so ] || echo "LoadModule ${m}_module /usr/lib/apache2/modules/mod_$m.so"
	done
	cat <<CONF
ServerRoot $dir/conf
ServerName localhost
PidFile $dir/run/apache.pid
DefaultRuntimeDir $dir/run
Mutex file:$dir/run default
ErrorLog $dir/log/apache.errors
TypesConfig /dev/null
User $user
Group $user
Listen 127.0.0.1:$plain
Listen 127.0.0.1:$secure
DavLockDB $dir/run/lock
LimitRequestBody 0
DocumentRoot $dir/files
Alias /basic $dir/files
Alias /digest $dir/files
<Location /basic>
Dav On
AuthType Basic
AuthName test
AuthUserFile $dir/conf/basic
Require valid-user
</Location>
<Location /digest>
Dav On
AuthType Digest
AuthName test
AuthDigestProvider file
AuthUserFile $dir/conf/digest
Require valid-user
</Location>
<VirtualHost 127.0.0.1:$secure>
SSLEngine on
SSLCertificateFile $dir/conf/server.crt
SSLCertificateKeyFile $dir/conf/server.key
</VirtualHost>
CONF
} > "$dir/conf/apache"
daemon "$secure" /usr/sbin/apache2 -D FOREGROUND -f "$dir/conf/apache"
say apache-digest "dav://$user@127.0.0.1:$plain/digest/"
say apache-tls "davs://$user@127.0.0.1:$secure/basic/"
echo ready >&3
cat >/dev/null
