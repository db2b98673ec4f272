#!/bin/bash
# Starts Ceph on loopback with one monitor, one OSD in memory and a RADOS gateway, which speaks S3. Needs the Debian
# packages radosgw, ceph-mon, ceph-osd and ceph-common. DIR/*.pid name the three processes, which are killed once the
# process OWNER or the directory is gone. Then nothing is left of the latter.
# Access key AKIDTEST, or AKID-NAME for the users reader, writer and cleaner, who may do nothing; secret key SECRETTEST; http://127.0.0.1:PORT, path style, any region.
set -euo pipefail
dir=$(realpath -m "${1:?usage: ceph.sh DIR PORT MON_PORT OWNER}")
port=${2:?}
mon_port=${3:?}
owner=${4:?}
mkdir -p "$dir"/{mon,osd,rgw,log,run}
cd "$dir"
osd=$(cat /proc/sys/kernel/random/uuid)
cat > ceph.conf <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = [v2:127.0.0.1:$mon_port]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
run dir = $dir/run
log file = $dir/log/\$name.log
admin socket = $dir/run/\$name.asok
keyring = $dir/keyring
mon data = $dir/mon
# Runs on machines with almost full disks, too.
mon data avail warn = 1
mon data avail crit = 1
mon allow pool size one = true
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 2147483648
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
[client.rgw.a]
rgw data = $dir/rgw
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw thread pool size = 16
rgw enable usage log = false
rgw enable apis = s3, admin
CONF
export CEPH_CONF=$dir/ceph.conf
# `wait_for TRIES COMMAND…`
wait_for() {
  local tries=$1
  shift
  until "$@" > /dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "ceph.sh: gave up waiting for: $*" >&2; exit 1; }
    sleep 0.2
  done
}
# Ends with its owner, or when the directory is gone.
watch() {
  trap '' INT HUP
  while kill -0 "$owner" 2> /dev/null && [ -d "$dir" ]; do sleep 1; done
  kill -9 "$@" 2> /dev/null
  sleep 0.2
  rm -rf "$dir"
}
ceph-authtool --create-keyring keyring --gen-key -n mon. --cap mon 'allow *' > log/keyring.out
for name in client.admin client.rgw.a osd.0; do
  ceph-authtool keyring --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >> log/keyring.out
done
monmaptool --create --clobber --fsid "$(ceph-conf --lookup fsid)" --addv a "[v2:127.0.0.1:$mon_port]" monmap > log/monmap.out
ceph-mon --mkfs -i a --monmap monmap --keyring keyring
ceph-mon -i a -f > log/mon.out 2>&1 &
echo $! > mon.pid
wait_for 150 timeout 5 ceph --connect-timeout 4 mon stat
id=$(ceph osd new "$osd")
ceph-osd -i "$id" --mkfs --osd-uuid "$osd" > log/osd-mkfs.out 2>&1
ceph osd crush add "osd.$id" 1.0 root=default host=localhost > log/crush.out 2>&1
ceph-osd -i "$id" -f > log/osd.out 2>&1 &
echo $! > osd.pid
is_osd_up() { ceph osd stat | grep -q '1 up'; }
wait_for 150 is_osd_up
radosgw -n client.rgw.a -f > log/rgw.out 2>&1 &
echo $! > rgw.pid
watch "$(cat mon.pid)" "$(cat osd.pid)" "$(cat rgw.pid)" > /dev/null 2>&1 &
is_listening() { (: < "/dev/tcp/127.0.0.1/$port"); }
wait_for 300 is_listening
create_user() {
  radosgw-admin -n client.rgw.a user create --uid="$1" --display-name="$1" --access-key="$2" --secret-key=SECRETTEST > "log/user-$1.out" 2>&1
}
create_user t AKIDTEST
for name in reader writer cleaner; do create_user "$name" "AKID-$name"; done
echo ready
