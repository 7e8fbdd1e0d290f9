from django.contrib import admin

from accounts.models import Device, Isp, Package, Profile, Region, Subscription

admin.site.register([Region, Isp, Package, Profile, Subscription, Device])
