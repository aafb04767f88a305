# shellcheck shell=bash
# What the test servers share: free ports, daemons, waiting, and ending them again.
#
# A server script sources this file, defines `start` (and `usage`), and ends with `server_main "$@"`.
# `start` runs with DIR set to an absolute, private, fresh folder, and calls
#
#   port VAR                  a free loopback port, reserved for this DIR until it is stopped
#   daemon NAME CMD...        in the background; its output goes to $DIR/log/NAME.log
#   wait_for SECONDS NAME CMD...   until CMD succeeds; fails when daemon NAME is gone or time is over
#   setting KEY VALUE         a line of $DIR/env, quoted for the shell
#   outside PATH              a folder elsewhere (in memory, say) that `stop` has to remove as well
#
# When `start` fails, what it began is ended again, the ends of the logs go to stderr, and the status is 1.

set -euo pipefail
umask 077

PORTS=/tmp/backstay-ports.$UID # one file for each port in use, whatever $TMPDIR is: its content is the server's DIR
MARK=.backstay-server          # only a folder that has this file is ever removed

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null || die "$1 is not installed: run scripts/deps (package $2)"
}

# --- ports

# Below the range from which the kernel takes ports for outgoing connections, so that none of those is in the way.
port() { # VAR
	local try p holder
	for try in {1..500}; do
		p=$((20000 + (SRANDOM % 12000)))
		(exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null && continue
		# Again each time: whoever releases the last port removes the folder.
		mkdir -p "$PORTS"
		# A reservation whose server folder is gone was left by a crash; one without is being written.
		holder=$(cat "$PORTS/$p" 2>/dev/null) || true
		if [[ -n $holder && ! -e $holder ]]; then rm -f "$PORTS/$p"; fi
		if (set -C && printf '%s\n' "$DIR" >"$PORTS/$p") 2>/dev/null; then
			printf -v "$1" %s "$p"
			return
		fi
	done
	die "no free port in $try tries: is $PORTS writable?"
}

release_ports() {
	local f
	for f in "$PORTS"/*; do
		[[ -f $f && $(<"$f") == "$DIR" ]] && rm -f "$f"
	done
	rmdir "$PORTS" 2>/dev/null || true
}

# --- processes

# What proc(5) says of it behind its name goes to $stat. No program is started for that: a machine has hundreds.
read_stat() { # PID
	stat=''
	{ IFS= read -r -d '' stat <"/proc/$1/stat"; } 2>/dev/null || true
	stat=${stat##*) }
	[[ -n $stat ]]
}

# A pid alone may have been given to a stranger since: the start time beside it tells. Field 22 of proc(5) stat.
started_at() { # PID
	local stat
	read_stat "$1" || return 1
	read -ra stat <<<"$stat"
	[[ ${stat[0]} != Z ]] && echo "${stat[19]}"
}

daemon() { # NAME CMD...
	local name=$1 pid
	shift
	(
		# A test runner's pipes must not stay open in a daemon: the runner would wait for their end.
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			if ((fd > 2)); then eval "exec $fd>&-"; fi
		done
		exec setsid "$@" >>"$DIR/log/$name.log" 2>&1 </dev/null
	) &
	pid=$!
	disown "$pid"
	echo "$pid $(started_at "$pid") $name" >>"$DIR/pids"
}

alive() { # NAME
	local pid start name
	while read -r pid start name; do
		[[ $name == "$1" ]] && { [[ $(started_at "$pid") == "$start" ]] && return 0 || return 1; }
	done <"$DIR/pids"
	return 1
}

wait_for() { # SECONDS NAME CMD...
	local end=$((SECONDS + $1)) name=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		alive "$name" || die "$name ended before it was ready"
		((SECONDS < end)) || die "$name was not ready in time: '$*' still fails"
		sleep 0.05
	done
}

listens() { # PORT
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# PIDs and all that descends from them; connections of sshd and CGI children have sessions of their own.
with_descendants() { # PID...
	local pid stat ppid
	local -A children=()
	for pid in /proc/[0-9]*; do
		pid=${pid##*/}
		read_stat "$pid" || continue
		read -r _ ppid _ <<<"$stat"
		children[$ppid]+=" $pid"
	done
	local -a todo=("$@")
	while ((${#todo[@]})); do
		pid=${todo[0]}
		# shellcheck disable=SC2206 # a list of numbers
		todo=("${todo[@]:1}" ${children[$pid]:-})
		echo "$pid"
	done
}

end_daemons() {
	local pid start name i
	local -a own=() all=()
	local -A born=()
	[[ -e $DIR/pids ]] || return 0
	while read -r pid start name; do
		[[ -n $start && $(started_at "$pid") == "$start" ]] && own=("$pid" "${own[@]}")
	done <"$DIR/pids"
	((${#own[@]})) || return 0
	mapfile -t all < <(with_descendants "${own[@]}")
	for pid in "${all[@]}"; do born[$pid]=$(started_at "$pid"); done
	# The last one started depends on those before it: one after the other, so that each can end in order.
	for pid in "${own[@]}" "${all[@]}"; do
		[[ -n ${born[$pid]} && $(started_at "$pid") == "${born[$pid]}" ]] || continue
		kill -"${STOP_SIGNAL:-TERM}" "$pid" 2>/dev/null || true
		for ((i = 0; i < 1200; i++)); do
			[[ $(started_at "$pid") == "${born[$pid]}" ]] || break
			((i == 100)) && kill -KILL "$pid" 2>/dev/null
			sleep 0.05
		done
	done
	for pid in "${all[@]}"; do
		[[ -z ${born[$pid]} || $(started_at "$pid") != "${born[$pid]}" ]] || die "process $pid does not end"
	done
}

# --- start and stop

setting() { # KEY VALUE
	printf '%s=%q\n' "$1" "$2" >>"$DIR/env"
}

secret() { # LENGTH
	local s
	s=$(head -c 256 /dev/urandom | base64 -w0 | tr -dc A-Za-z0-9)
	printf %s "${s:0:$1}"
}

outside() { # PATH
	printf '%s\n' "$1" >>"$DIR/outside"
}

remove() {
	local path
	end_daemons
	release_ports
	if [[ -e $DIR/outside ]]; then
		while IFS= read -r path; do rm -rf "$path"; done <"$DIR/outside"
	fi
	rm -rf "$DIR"
}

failed() {
	local status=$? log
	((status)) || return 0
	trap - EXIT
	for log in "$DIR"/log/*; do
		[[ -s $log ]] || continue
		printf -- '--- the end of %s\n' "${log##*/}" >&2
		grep -m 1 -E '^F[0-9]{4} ' "$log" >&2 || true # what a Go program ended of, before its stacks
		tail -n "${LOG_LINES:-15}" "$log" >&2
	done
	remove
	exit 1
}

server_main() { # start|stop DIR [OPTION...]
	local verb=${1:-} dir=${2:-}
	case $verb in
	start | stop) [[ -n $dir ]] || { usage >&2; exit 2; } ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift 2
	DIR=$(realpath -m -- "$dir")
	if [[ $verb == stop ]]; then
		[[ -e $DIR ]] || return 0
		[[ -e $DIR/$MARK ]] || die "$DIR was not made by a server script: nothing removed"
		remove
		return
	fi
	if [[ -e $DIR && -n $(ls -A "$DIR") ]]; then die "$DIR exists and is not empty: take another, or stop it first"; fi
	mkdir -p "$DIR/log"
	touch "$DIR/$MARK" "$DIR/pids" "$DIR/env"
	trap failed EXIT
	trap 'exit 1' INT TERM HUP
	start "$@"
	trap - EXIT
}

# --- certificates: an authority of the server's own, and one that nobody should trust

make_ca() { # NAME: $DIR/NAME.pem, $DIR/NAME.key
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Backstay test $1" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
		-keyout "$DIR/$1.key" -out "$DIR/$1.pem" 2>>"$DIR/log/openssl.log"
}

# Signed by $DIR/ca.pem. EXT holds lines of x509v3_config(5).
make_cert() { # NAME SUBJECT EXT
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" \
		-keyout "$DIR/$1.key" -out "$DIR/$1.csr" 2>>"$DIR/log/openssl.log"
	openssl x509 -req -in "$DIR/$1.csr" -CA "$DIR/ca.pem" -CAkey "$DIR/ca.key" -CAcreateserial -days 30 \
		-extfile <(printf '%s\n' "$3") -out "$DIR/$1.pem" 2>>"$DIR/log/openssl.log"
	rm "$DIR/$1.csr"
}

# shellcheck disable=SC2034 # for the scripts that source this
SERVER_EXT='subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
extendedKeyUsage=serverAuth
keyUsage=digitalSignature'
