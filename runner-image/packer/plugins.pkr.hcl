# Apart from the template: Packer before 1.7 refuses this block, and has the plugin built in.
packer {
  required_plugins {
    azure = {
      source  = "github.com/hashicorp/azure"
      version = "~> 2.0"
    }
  }
}
