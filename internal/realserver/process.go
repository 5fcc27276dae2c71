package realserver

import (
	"io"
	"os/exec"
	"syscall"
)

// A process is a server's process. Above it stands a shell that kills it as
// soon as a pipe ends whose other end only the test binary has: so nothing is
// left over, however the test binary goes away.
type process struct {
	pipe io.Closer
	done chan struct{} // closed when the server has ended
}

const script = `exec 3<&0
"$@" </dev/null 3<&- >>"$0/log" 2>&1 &
server=$!
(read -r _ <&3; kill -9 $server) &
killer=$!
wait $server
kill $killer 2>/dev/null`

func startProcess(args []string, dir string, as *syscall.SysProcAttr) (*process, error) {
	cmd := exec.Command("sh", append([]string{"-c", script, dir}, args...)...)
	cmd.Dir = dir
	cmd.SysProcAttr = as
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C", "HOME=" + dir}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{pipe: pipe, done: make(chan struct{})}
	go func() {
		cmd.Wait() // how it ended is in its log
		close(p.done)
	}()
	return p, nil
}

func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// kill ends the process with SIGKILL and waits until it is gone.
func (p *process) kill() {
	p.pipe.Close()
	<-p.done
}
