/** The reason why limits are not available, and a command that makes them available. */
export interface Obstacle {
  reason: string;
  remedy: string;
}

export const oldHierarchy: Obstacle = {
  reason: "this machine uses cgroup v1, where only root can set limits",
  remedy: "boot it with the kernel parameter systemd.unified_cgroup_hierarchy=1",
};

export function notDelegated(path: string, managed: boolean): Obstacle {
  const reason = `the cgroup ${path} is not delegated to this user`;
  if (managed) {
    return { reason, remedy: 'sudo loginctl enable-linger "$USER" && tbox daemon stop' };
  }
  const own = `${path.replace(/\/$/, "")}/tbox`;
  return {
    reason,
    remedy: `sudo mkdir ${own} && sudo chown -R "$USER" ${own} && echo $$ | sudo tee ${own}/cgroup.procs && tbox daemon stop`,
  };
}

export function notEnabled(path: string, controller: string, managed: boolean): Obstacle {
  const reason = `the cgroup controller "${controller}" is not delegated to this user`;
  if (managed) {
    return {
      reason,
      remedy:
        "sudo mkdir -p /etc/systemd/system/user@.service.d && " +
        "printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' | " +
        "sudo tee /etc/systemd/system/user@.service.d/delegate.conf && " +
        'sudo systemctl daemon-reload && sudo systemctl restart "user@$(id -u)"',
    };
  }
  const parent = path.slice(0, path.lastIndexOf("/")) || path;
  return { reason, remedy: `echo +${controller} | sudo tee ${parent}/cgroup.subtree_control` };
}

export function sharedCgroup(path: string, managed: boolean): Obstacle {
  return {
    reason: `other processes are in the cgroup ${path}, so its controllers cannot be enabled for containers`,
    remedy: managed ? "tbox setup systemd" : "start the daemon in a separate cgroup",
  };
}
