"""A fleet: many devices whose model is said once, at a broker of MQTT that is there anyway. Needs the extra `mqtt`.

Each device has one topic, and below it:

    edgedigits/fleet/kitchen/desired         what it shall read with; retained, so that it holds for who comes later
    edgedigits/fleet/kitchen/reported        what it reads with, and how it is; retained
    edgedigits/fleet/kitchen/availability    online or offline; offline is the device's last will

An `Agent` on the device follows what is desired, by the store's own installation: nothing comes into use that is not
whole, signed where a key is set, and proved there.
"""

from edgedigits.fleet.messages import Desired, Health, Report, Stage

__all__ = ["Desired", "Health", "Report", "Stage"]
