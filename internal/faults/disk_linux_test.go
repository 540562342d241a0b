package faults_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestTheDiskIsFull fills the disk that Postgres writes to while imports come, and makes
// room again.
func TestTheDiskIsFull(t *testing.T) {
	t.Parallel()
	onItsOwn(t)
	if os.Geteuid() != 0 {
		t.Skip("NOT CHECKED: a full disk, for which a small file system is mounted, which takes root")
	}
	disk := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := mountSmall(disk); err != nil {
		t.Skipf("NOT CHECKED: a full disk: no small file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		// The guard's last words are written there until it has ended.
		for began := time.Now(); syscall.Unmount(disk, 0) != nil && time.Since(began) < patience; {
			time.Sleep(20 * time.Millisecond)
		}
	})
	s := newService(t, "TARIKH_DATA_DIR="+filepath.Join(disk, "data"))
	l := startLoad(t, s, 2, 2, 400)
	l.injecting("the disk is full")
	ballast := filepath.Join(disk, "ballast")
	for range times(10) {
		some(500 * time.Millisecond)
		before := l.refusals()
		fill(t, ballast)
		for began := time.Now(); l.refusals() < before+5; time.Sleep(5 * time.Millisecond) {
			if time.Since(began) > patience {
				t.Fatal("nothing was refused on a full disk")
			}
			if fault := l.firstFault(); fault != "" {
				t.Fatal(fault)
			}
			s.running(t)
		}
		if soaking() {
			time.Sleep(20 * time.Second) // Postgres comes to where it cannot write its log, and ends
		}
		if r, err := s.get(t.Context(), "/livez"); err != nil || r.status != http.StatusOK {
			t.Errorf("the program does not say that it lives: %v %s", err, r.body)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		l.back(t, time.Now())
	}
	l.halt()
	l.check(t)
	record(t, l.figures)
}

// fill writes a file until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for piece := bytes.Repeat([]byte{1}, 64<<10); len(piece) > 0; {
		if _, err := f.Write(piece); err != nil {
			piece = piece[:len(piece)/2]
		}
	}
}

func mountSmall(dir string) error {
	const size = 320 << 20
	return syscall.Mount("tarikh", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", size))
}
