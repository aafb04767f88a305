# shellcheck shell=bash disable=SC2154 # packages.bash sets $W
# Ceph's S3 gateway over one monitor and one store, on 127.0.0.1.
#
#   gateway [NAME=VERSION...]   starts it; sets $S3; more packages may be named
#   s3 CURL-ARG...   a signed request; its body
#   status CURL-ARG...   the same; its HTTP status
#   bucket NAME [Enabled|Suspended]   makes it and sets its versioning

# shellcheck source=findings/lib/packages.bash
. "$(dirname "${BASH_SOURCE[0]}")/packages.bash"
CEPH=16.2.15+ds-0+deb12u2

gateway_config() { # CLUSTER-ID HTTP-PORT MONITOR-PORT
	cat <<-X
		[global]
		fsid = $1
		mon_host = [v2:127.0.0.1:$3]
		mon_initial_members = a
		public_addr = 127.0.0.1
		cluster_addr = 127.0.0.1
		auth_cluster_required = none
		auth_service_required = none
		auth_client_required = none
		ms_mon_client_mode = crc
		run_dir = $W
		admin_socket = $W/\$name.\$pid.sock
		log_file = $W/\$name.log
		mon_cluster_log_file = $W/cluster.log
		crash_dir = $W
		paxos_propose_interval = 0.02
		paxos_min_wait = 0.01
		osd_pool_default_size = 1
		osd_pool_default_min_size = 1
		osd_pool_default_pg_num = 8
		osd_pool_default_pgp_num = 8
		osd_pool_default_pg_autoscale_mode = off
		osd_crush_chooseleaf_type = 0
		mon_allow_pool_size_one = true
		mon_max_pg_per_osd = 1000
		plugin_dir = $W/root/usr/lib/x86_64-linux-gnu/ceph
		erasure_code_dir = $W/root/usr/lib/x86_64-linux-gnu/ceph/erasure-code
		[mon]
		mon_data = $W/mon
		mon_data_avail_crit = 1
		[osd]
		osd_data = $W/osd
		osd_objectstore = bluestore
		bluestore_block_create = true
		bluestore_block_size = 21474836480
		osd_class_dir = $W/root/usr/lib/x86_64-linux-gnu/rados-classes
		[client.rgw]
		rgw_data = $W/rgw
		rgw_frontends = beast endpoint=127.0.0.1:$2
	X
}

# shellcheck disable=SC2120 # most findings need no more packages
gateway() { # [NAME=VERSION...]
	local cluster store http monitor
	debian radosgw=$CEPH ceph-mon=$CEPH ceph-osd=$CEPH ceph-common=$CEPH "$@"
	export PYTHONPATH=$W/root/usr/lib/python3/dist-packages
	export CEPH_CONF=$W/ceph.conf
	cluster=$(</proc/sys/kernel/random/uuid)
	store=$(</proc/sys/kernel/random/uuid)
	http=$(free_port)
	monitor=$(free_port)
	gateway_config "$cluster" "$http" "$monitor" >"$CEPH_CONF"
	mkdir "$W/mon" "$W/osd" "$W/rgw"
	monmaptool --create --fsid "$cluster" --addv a "[v2:127.0.0.1:$monitor]" \
		"$W/monmap" >>"$W/log" 2>&1
	ceph-mon --mkfs -i a --monmap "$W/monmap" >>"$W/log" 2>&1
	background ceph-mon -f -i a
	timeout 120 "$W/root/usr/bin/ceph" osd new "$store" >>"$W/log" 2>&1
	ceph-osd -i 0 --mkfs --osd-uuid "$store" >>"$W/log" 2>&1
	background ceph-osd -f -i 0
	timeout 120 radosgw-admin -n client.rgw user create --uid=finding \
		--display-name=finding --access-key=finding --secret-key=finding \
		>>"$W/log" 2>&1
	background radosgw -f -n client.rgw
	S3=http://127.0.0.1:$http
	until_true curl -sS "$S3/"
	radosgw --version
}

s3() {
	curl -sS --aws-sigv4 aws:amz:default:s3 -u finding:finding \
		-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@"
}

status() { s3 -o "$W/body" -w '%{http_code}' "$@"; }

bucket() { # NAME [Enabled|Suspended]
	expect "make the bucket $1" "$(status -X PUT "$S3/$1")" 200
	[ -z "${2-}" ] || versioning "$1" "$2"
}

versioning() { # BUCKET Enabled|Suspended
	expect "versioning of $1: $2" "$(status -X PUT "$S3/$1?versioning=" \
		-d "<VersioningConfiguration><Status>$2</Status></VersioningConfiguration>")" 200
}
