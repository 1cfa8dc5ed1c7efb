# What the scripts share: messages, the packages of each system, a virtual
# display. Sourced with the working directory at the top of the project.

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

. scripts/env.sh

# A Go that was unpacked to the usual place but is not on the PATH yet.
command -v go >/dev/null 2>&1 || { [ -x /usr/local/go/bin/go ] && PATH=$PATH:/usr/local/go/bin; }

# The version that go.mod names.
go_wanted() { sed -n 's/^go \([0-9.]*\).*/\1/p' go.mod; }

go_steps() {
	arch=$(uname -m)
	case $arch in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; armv7l | armv6l) arch=armv6l ;; i?86) arch=386 ;; esac
	say "$1 Guichet needs Go $(go_wanted), or any Go from 1.21 on, which fetches that one by itself."
	case $(uname) in
	Linux)
		as=sudo
		[ "$(id -u)" != 0 ] || as=
		tar=go$(go_wanted).linux-$arch.tar.gz
		say "Install it with these commands, then run this one again:"
		command -v curl >/dev/null 2>&1 || say "  ${as:+$as }apt-get install -y curl ca-certificates     # or the like of your system"
		say "  curl -LO https://go.dev/dl/$tar"
		say "  ${as:+$as }rm -rf /usr/local/go && ${as:+$as }tar -C /usr/local -xzf $tar"
		say "  export PATH=/usr/local/go/bin:\$PATH"
		;;
	Darwin) say "Install it with:  brew install go" ;;
	*) say "Install it from https://go.dev/dl/" ;;
	esac
	exit 1
}

# need_go ends with the steps when Go is missing or too old.
need_go() {
	command -v go >/dev/null 2>&1 || go_steps "Go is not installed."
	minor=$(go env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
	[ -n "$minor" ] || minor=$(cd / && go version | sed -n 's/.* go1\.\([0-9]*\).*/\1/p')
	[ "${minor:-0}" -ge 21 ] || go_steps "The Go here ($(cd / && go version | cut -d' ' -f3)) is too old."
	need_authorities
	go version >/dev/null 2>&1 || die "Go cannot fetch version $(go_wanted):" "$(go version 2>&1 | head -3)"
}

# What the build needs, by package manager; the rest is for a virtual display.
apt_build="gcc libc6-dev pkg-config libgl-dev libx11-dev libxcursor-dev libxrandr-dev libxinerama-dev libxi-dev libxxf86vm-dev"
apt_display="xvfb libgl1-mesa-dri xdotool"
dnf_build="gcc pkgconf-pkg-config libglvnd-devel libX11-devel libXcursor-devel libXrandr-devel libXinerama-devel libXi-devel libXxf86vm-devel"
dnf_display="xorg-x11-server-Xvfb mesa-dri-drivers xdotool"
pacman_build="gcc pkgconf libglvnd libx11 libxcursor libxrandr libxinerama libxi libxxf86vm"
pacman_display="xorg-server-xvfb mesa xdotool"

# Go fetches modules over HTTPS; a bare system trusts nobody yet.
need_authorities() {
	[ "$(uname)" = Linux ] && [ -z "${SSL_CERT_FILE:-}${SSL_CERT_DIR:-}" ] || return 0
	for f in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
		[ ! -s $f ] || return 0
	done
	[ ! -f /etc/debian_version ] || install_apt ca-certificates
}

missing_build() {
	command -v "${CC:-cc}" >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 || { echo "a C compiler"; return; }
	[ "$(uname)" = Linux ] || return 0
	command -v pkg-config >/dev/null 2>&1 || { echo pkg-config; return; }
	for p in gl x11 xcursor xrandr xinerama xi xxf86vm; do
		pkg-config --exists $p || { echo "the headers of $p"; return; }
	done
}

missing_display() {
	for c in Xvfb xdotool; do command -v $c >/dev/null 2>&1 || { echo $c; return; }; done
}

# install_apt installs packages as root, with an archive folder of its own: two
# installations at once would empty each other's.
install_apt() {
	sudo=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null 2>&1 || die "Please run as root:  apt-get install -y $*"
		sudo=sudo
	fi
	say "Installing with apt-get: $*"
	archives=$(mktemp -d)
	mkdir "$archives/partial"
	chmod -R 755 "$archives"
	apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dir::Cache::Archives=$archives -o DPkg::Lock::Timeout=300"
	status=0
	# shellcheck disable=SC2086 # the words are meant to be split
	$apt install -y --no-install-recommends "$@" >"$archives/log" 2>&1 ||
		{ $apt update >>"$archives/log" 2>&1 && $apt install -y --no-install-recommends "$@" >>"$archives/log" 2>&1; } || status=$?
	[ $status = 0 ] || tail -15 "$archives/log" >&2
	$sudo rm -rf "$archives"
	[ $status = 0 ] || die "apt-get could not install: $*"
}

# install KIND installs the packages of that kind (build or display) where that
# is possible, and says the command where it is not.
install() {
	eval "apt=\$apt_$1 dnf=\$dnf_$1 pacman=\$pacman_$1"
	if [ -f /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; then
		# shellcheck disable=SC2086,SC2154
		install_apt $apt
		return
	fi
	say "Missing: $2. Install what is needed, then run this again:"
	# shellcheck disable=SC2154
	if command -v dnf >/dev/null 2>&1; then say "  sudo dnf install $dnf"
	elif command -v pacman >/dev/null 2>&1; then say "  sudo pacman -S --needed $pacman"
	elif [ "$(uname)" = Darwin ]; then say "  xcode-select --install" "     # the compiler; Homebrew has the rest: brew install go"
	else say "  a C compiler, pkg-config and the development files of OpenGL, X11, Xcursor, Xrandr, Xinerama, Xi and Xxf86vm; see docs/building.md"
	fi
	exit 1
}

need_build() {
	m=$(missing_build)
	[ -z "$m" ] || install build "$m"
	m=$(missing_build)
	[ -z "$m" ] || die "Still missing: $m"
}

need_display() {
	m=$(missing_display)
	[ -z "$m" ] || install display "$m"
}

# build makes build/guichet.
build() {
	need_go
	need_build
	mkdir -p build
	[ -x build/guichet ] || say "Building; the first time takes two to five minutes."
	CGO_ENABLED=1 go build -o build/guichet .
}

# start_display starts Xvfb on a free number and sets DISPLAY; the picture of
# the screen is in the file $screen. stop_display ends it.
start_display() {
	need_display
	xdir=$(mktemp -d)
	Xvfb -displayfd 3 -screen 0 "${1:-1280x820}x24" -nolisten tcp -noreset -fbdir "$xdir" 3>"$xdir/number" >"$xdir/log" 2>&1 &
	xpid=$!
	n=0
	while [ ! -s "$xdir/number" ]; do
		n=$((n + 1))
		kill -0 $xpid 2>/dev/null && [ $n -lt 100 ] || { tail -3 "$xdir/log" >&2; die "Xvfb did not start."; }
		sleep 0.1
	done
	DISPLAY=:$(cat "$xdir/number")
	LIBGL_ALWAYS_SOFTWARE=1
	unset WAYLAND_DISPLAY
	export DISPLAY LIBGL_ALWAYS_SOFTWARE
	screen=$xdir/Xvfb_screen0
}

stop_display() {
	[ -z "${xpid:-}" ] || { kill "$xpid" 2>/dev/null && wait "$xpid" 2>/dev/null; xpid=; } || :
	[ -z "${xdir:-}" ] || rm -rf "$xdir"
}
